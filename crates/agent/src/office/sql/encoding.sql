-- How the file keeps its texts (parameters: none; result: one row, `encoding`).
select encoding from pragma_encoding
