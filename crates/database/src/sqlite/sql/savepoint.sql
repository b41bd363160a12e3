-- Sets the one savepoint.
savepoint denk
