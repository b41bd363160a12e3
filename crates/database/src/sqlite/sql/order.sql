-- Order of a page. {terms}: the key's, in its order.
order by {terms}
