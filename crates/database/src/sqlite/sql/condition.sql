-- One condition of a filter. {left}: column, {operator}, {right}: parameter.
{left} {operator} {right}
