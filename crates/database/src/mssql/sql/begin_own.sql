-- A transaction that the journal's triggers leave out: CONTEXT_INFO begins with "denk".
set context_info 0x64656e6b;
begin transaction;
