-- {name}, {type}
{name} {type} not null
