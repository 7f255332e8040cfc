#!/bin/sh
# Leaves a note in the shared folder, so that you can see it from both sides.
echo "${GREETING:-Hello} from $(uname -n), a machine with Linux $(uname -r)" | tee greeting.txt
