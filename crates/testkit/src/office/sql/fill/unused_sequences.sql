-- Copying nothing into a table leaves a sequence at 0 behind, which no program would have made (parameters: none).
delete from sqlite_sequence where seq = 0;
