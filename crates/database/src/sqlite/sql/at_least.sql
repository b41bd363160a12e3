-- {left}: term, {right}: parameter.
{left} >= {right}
