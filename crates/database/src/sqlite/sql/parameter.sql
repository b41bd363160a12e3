-- A numbered parameter.
?{number}
