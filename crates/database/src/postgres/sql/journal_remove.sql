-- {function}. Its triggers go with it.
drop function if exists {function}() cascade
