#include "textflag.h"

#define SYS_exit_group 94
#define ENOENT 2

// func vfork(start, calls *call, failed *failure) (pid int, errno syscall.Errno)
//
// The child works in registers alone: R19 is the call that it makes, R20 where it tells of a failure.
TEXT ·vfork(SB), NOSPLIT, $0-40
	MOVD	start+0(FP), R9
	MOVD	calls+8(FP), R19
	MOVD	failed+16(FP), R20
	MOVD	0(R9), R8
	MOVD	16(R9), R0
	MOVD	24(R9), R1
	MOVD	32(R9), R2
	MOVD	40(R9), R3
	MOVD	48(R9), R4
	SVC
	CMP	$0, R0
	BEQ	child
	BLT	refused
	MOVD	R0, pid+24(FP)
	MOVD	ZR, errno+32(FP)
	RET
refused:
	NEG	R0, R0
	MOVD	ZR, pid+24(FP)
	MOVD	R0, errno+32(FP)
	RET
child:
	MOVD	0(R19), R8
	MOVD	16(R19), R0
	MOVD	24(R19), R1
	MOVD	32(R19), R2
	MOVD	40(R19), R3
	MOVD	48(R19), R4
	MOVD	56(R19), R5
	SVC
	CMN	$4095, R0
	BCS	failed_call
	ADD	$64, R19
	B	child
failed_call:
	NEG	R0, R0
	CMP	$ENOENT, R0
	BNE	end
	MOVD	8(R19), R9
	CBZ	R9, end
	ADD	R9<<6, R19
	B	child
end:
	MOVD	R19, 0(R20)
	MOVD	R0, 8(R20)
exit:
	MOVD	$127, R0
	MOVD	$SYS_exit_group, R8
	SVC
	B	exit
