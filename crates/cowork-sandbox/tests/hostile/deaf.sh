# 47. A tree of processes that ignore every signal that can be ignored, each with children.
# Must happen: all of them are gone at most 50 ms after the host's deadline. It only ever says that it began.
trap '' HUP INT QUIT TERM USR1 USR2 ALRM PIPE
for _ in 1 2 3 4; do
    (
        for _ in 1 2 3 4; do
            ( while :; do sleep 1; done ) &
        done
        while :; do sleep 1; done
    ) &
done
echo "ok 47 began: the host ends it"
while :; do wait; done
