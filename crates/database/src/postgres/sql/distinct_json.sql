-- {ours}, {theirs}: whether two documents differ in more than white space and order. Documents with a U+0000 have no
-- other form than their text.
({ours}::text collate "C" is distinct from {theirs}::text collate "C" and case
    when {ours} is null or {theirs} is null then true
    when {ours}::text like '%\\u0000%' or {theirs}::text like '%\\u0000%' then true
    else {ours}::jsonb::text collate "C" is distinct from {theirs}::jsonb::text collate "C"
end)
