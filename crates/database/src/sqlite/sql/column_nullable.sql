-- {name}, {type}
{name} {type}
