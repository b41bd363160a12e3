-- One condition of a filter, by bytes whatever the collation. {column}, {operator}, {value}.
{column} collate binary {operator} {value}
