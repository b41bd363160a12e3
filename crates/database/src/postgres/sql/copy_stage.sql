-- {stage}. Rows in binary follow.
copy pg_temp.{stage} from stdin (format binary)
