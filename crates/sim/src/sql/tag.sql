-- The mark of a file that was handed out (parameters: none; result: at most one line).
select tag from denk_lineage
