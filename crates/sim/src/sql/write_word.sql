-- Somebody writes a word (slots: table, word; parameters: the word, the row's id).
update {table} set {word} = ?1 where id = ?2
