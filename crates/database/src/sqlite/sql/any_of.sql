-- One condition of a filter. {left}: column, {right}: parameters.
{left} in ({right})
