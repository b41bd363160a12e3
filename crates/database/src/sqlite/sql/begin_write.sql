-- Takes the write lock at once, so that no later statement has to.
begin immediate
