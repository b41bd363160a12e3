-- Rows after a key, part by part. {left}: terms, {right}: parameters.
({left}) > ({right})
