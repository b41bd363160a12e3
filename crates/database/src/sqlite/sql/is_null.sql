-- {column}
{column} is null
