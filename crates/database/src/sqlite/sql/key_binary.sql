-- A value that sorts by its bytes, whatever the column's collation. {value}: column or parameter.
{value} collate binary
