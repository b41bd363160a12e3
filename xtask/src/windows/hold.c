/* Opens the file that it is given so that nobody else can, says so, and stays. */
#include <windows.h>
#include <stdio.h>

int wmain(int count, wchar_t **words)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    /* Whoever has it open at this moment is waited for, though not for ever. */
    for (int looks = 0; count == 2 && file == INVALID_HANDLE_VALUE && looks < 600; looks++) {
        file = CreateFileW(words[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
        if (file == INVALID_HANDLE_VALUE)
            Sleep(20);
    }
    if (file == INVALID_HANDLE_VALUE)
        return 1;
    puts("{\"held\": \"yes\"}");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    return 0;
}
