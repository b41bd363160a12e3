-- Empties CONTEXT_INFO, which outlives the transaction.
set context_info 0x00;
