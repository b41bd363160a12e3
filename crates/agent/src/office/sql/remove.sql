-- Takes denk's tables out of an office file.
begin immediate;
drop table if exists denk_state;
drop table if exists denk_shadow;
drop table if exists denk_gids;
drop table if exists denk_outbox;
drop table if exists denk_late;
drop table if exists denk_aside;
drop table if exists denk_gone;
drop table if exists denk_words;
commit;
