-- Equality. {left}, {right}.
{left} = {right}
