-- Takes the mark away before anybody else can see it.
delete from denk_own
