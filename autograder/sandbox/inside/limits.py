"""What a submission may use, and where. Apart from the walls that hold it to this, because these are Linux's alone."""

MEMORY = 2 * 2**30  # bytes: of data in one process, and of all of a submission's processes together
SCRATCH = 64 * 2**20  # bytes in /tmp, and in /dev/shm
CPU_SECONDS = 900  # of one process
PROCESSES = 64  # with threads
OPEN_FILES = 256

NOTHING = "/nothing"  # a folder in the sandbox that is there for this: it gets an empty folder and an empty file
