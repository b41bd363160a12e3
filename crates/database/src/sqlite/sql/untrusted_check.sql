-- Checks that all trees and free pages hold together; result: `ok`, or the first thing found.
pragma main.quick_check(1)
