-- {journal}, {numbers}. Nothing is left behind.
drop table {journal};
drop sequence {numbers};
