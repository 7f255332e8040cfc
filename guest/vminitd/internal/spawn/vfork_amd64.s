#include "textflag.h"

#define SYS_exit_group 231
#define ENOENT 2

// func vfork(start, calls *call, failed *failure) (pid int, errno syscall.Errno)
//
// The child works in registers alone: R12 is the call that it makes, R13 where it tells of a failure.
TEXT ·vfork(SB), NOSPLIT, $0-40
	MOVQ	start+0(FP), R11
	MOVQ	calls+8(FP), R12
	MOVQ	failed+16(FP), R13
	MOVQ	0(R11), AX
	MOVQ	16(R11), DI
	MOVQ	24(R11), SI
	MOVQ	32(R11), DX
	MOVQ	40(R11), R10
	MOVQ	48(R11), R8
	SYSCALL
	TESTQ	AX, AX
	JEQ	child
	JLT	refused
	MOVQ	AX, pid+24(FP)
	MOVQ	$0, errno+32(FP)
	RET
refused:
	NEGQ	AX
	MOVQ	$0, pid+24(FP)
	MOVQ	AX, errno+32(FP)
	RET
child:
	MOVQ	0(R12), AX
	MOVQ	16(R12), DI
	MOVQ	24(R12), SI
	MOVQ	32(R12), DX
	MOVQ	40(R12), R10
	MOVQ	48(R12), R8
	MOVQ	56(R12), R9
	SYSCALL
	CMPQ	AX, $-4095
	JCC	failed_call
	ADDQ	$64, R12
	JMP	child
failed_call:
	NEGQ	AX
	CMPQ	AX, $ENOENT
	JNE	end
	MOVQ	8(R12), CX
	TESTQ	CX, CX
	JEQ	end
	SHLQ	$6, CX
	ADDQ	CX, R12
	JMP	child
end:
	MOVQ	R12, 0(R13)
	MOVQ	AX, 8(R13)
exit:
	MOVQ	$127, DI
	MOVQ	$SYS_exit_group, AX
	SYSCALL
	JMP	exit
