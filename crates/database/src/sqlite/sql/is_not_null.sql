-- {column}
{column} is not null
