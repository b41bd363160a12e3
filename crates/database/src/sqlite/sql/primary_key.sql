-- {columns}
primary key ({columns})
