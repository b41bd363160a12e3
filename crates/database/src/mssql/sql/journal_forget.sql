-- {journal}, {ids}. Removes exactly these notes.
delete from {journal} where id in ({ids});
