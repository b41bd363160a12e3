-- Back to the savepoint, which is set again: rolling back to it uses it up.
rollback transaction denk;
save transaction denk;
