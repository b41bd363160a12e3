exists (select {table} except select {stage})
