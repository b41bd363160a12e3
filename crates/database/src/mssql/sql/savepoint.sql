-- Sets the one savepoint anew.
save transaction denk;
