#include "textflag.h"

// STOP writes the place of the lowest bit of AX behind R9 and clears it; where there is
// none, something is written that nobody reads.
#define STOP(at) \
	TZCNTQ AX, CX \
	ADDL R9, CX \
	MOVL CX, at(DI) \
	BLSRQ AX, AX

// func stopsByVector(to []uint32, data []byte, a, b byte) int
TEXT ·stopsByVector(SB), NOSPLIT, $0-64
	MOVQ to_base+0(FP), DI
	MOVQ data_base+24(FP), SI
	MOVQ data_len+32(FP), DX
	MOVQ DI, R8
	XORL R9, R9

	VPBROADCASTB a+48(FP), Y13
	VPBROADCASTB b+49(FP), Y14
	MOVL $0x1F, AX
	MOVQ AX, X15
	VPBROADCASTB X15, Y15
	JMP  more

block:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPCMPEQB Y0, Y13, Y2
	VPCMPEQB Y1, Y13, Y3
	VPCMPEQB Y0, Y14, Y4
	VPCMPEQB Y1, Y14, Y5
	VPMINUB Y0, Y15, Y6
	VPMINUB Y1, Y15, Y7
	VPCMPEQB Y0, Y6, Y6 // as small as 0x1F: a control byte
	VPCMPEQB Y1, Y7, Y7
	VPOR Y2, Y4, Y2
	VPOR Y3, Y5, Y3
	VPOR Y2, Y6, Y2
	VPOR Y3, Y7, Y3
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, BX
	SHLQ $32, BX
	ORQ  BX, AX
	POPCNTQ AX, R10
	LEAQ (DI)(R10*4), R11

write:
	STOP(0)
	STOP(4)
	STOP(8)
	STOP(12)
	ADDQ $16, DI
	CMPQ DI, R11
	JLT  write

	MOVQ R11, DI
	ADDQ $64, SI
	ADDL $64, R9
	SUBQ $64, DX

more:
	CMPQ DX, $64
	JGE  block

	VZEROUPPER
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, ret+56(FP)
	RET

// func piecesStand(lines []byte, at int, stops []uint32, patterns []pattern) bool
TEXT ·piecesStand(SB), NOSPLIT, $0-81
	MOVQ lines_base+0(FP), SI
	MOVQ at+24(FP), AX
	MOVQ stops_base+32(FP), DX
	MOVQ patterns_base+56(FP), DI
	MOVQ patterns_len+64(FP), CX
	PXOR X3, X3

piece:
	MOVOU (SI)(AX*1), X0
	MOVOU (DI), X1
	MOVOU 16(DI), X2
	PXOR X1, X0
	PAND X2, X0
	POR  X0, X3
	MOVL (DX), AX
	ADDQ $4, DX
	ADDQ $32, DI
	DECQ CX
	JNE  piece

	PXOR X4, X4
	PCMPEQB X4, X3
	PMOVMSKB X3, AX
	CMPL AX, $0xFFFF
	SETEQ ret+80(FP)
	RET
