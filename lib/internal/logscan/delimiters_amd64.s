#include "textflag.h"

// STOP writes the place of the lowest bit of AX behind R9 and clears it; where there is
// none, something is written that nobody reads.
#define STOP(at) \
	TZCNTQ AX, CX \
	ADDL R9, CX \
	MOVL CX, at(DI) \
	BLSRQ AX, AX

// PLACES writes the places of all bits of AX behind R9, four at a time.
#define PLACES(four) \
	POPCNTQ AX, R10 \
	LEAQ (DI)(R10*4), R11 \
four: \
	STOP(0) \
	STOP(4) \
	STOP(8) \
	STOP(12) \
	ADDQ $16, DI \
	CMPQ DI, R11 \
	JLT  four \
	MOVQ R11, DI

// func delimitersByVector(to []uint32, data []byte, a, b byte) int
TEXT ·delimitersByVector(SB), NOSPLIT, $0-64
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
	MOVBLZX a+48(FP), R12
	MOVBLZX b+49(FP), AX
	ORL  AX, R12
	SHRL $5, R12 // 0: both are control bytes, which are delimiters anyway
	JMP  more

controls:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPMINUB Y0, Y15, Y2
	VPMINUB Y1, Y15, Y3
	VPCMPEQB Y0, Y2, Y2 // as small as 0x1F
	VPCMPEQB Y1, Y3, Y3
	JMP  places

block:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPCMPEQB Y0, Y13, Y2
	VPCMPEQB Y1, Y13, Y3
	VPCMPEQB Y0, Y14, Y4
	VPCMPEQB Y1, Y14, Y5
	VPMINUB Y0, Y15, Y6
	VPMINUB Y1, Y15, Y7
	VPCMPEQB Y0, Y6, Y6
	VPCMPEQB Y1, Y7, Y7
	VPOR Y2, Y4, Y2
	VPOR Y3, Y5, Y3
	VPOR Y2, Y6, Y2
	VPOR Y3, Y7, Y3

places:
	VPMOVMSKB Y2, AX
	VPMOVMSKB Y3, BX
	SHLQ $32, BX
	ORQ  BX, AX
	PLACES(write)
	ADDQ $64, SI
	ADDL $64, R9
	SUBQ $64, DX

more:
	CMPQ DX, $64
	JLT  done
	TESTL R12, R12
	JNE  block
	JMP  controls

done:
	VZEROUPPER
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, ret+56(FP)
	RET

// func linesMatchByVector(lines []byte, from int, delimiters []uint32, patterns []pattern) (end int)
TEXT ·linesMatchByVector(SB), NOSPLIT, $0-88
	MOVQ lines_base+0(FP), SI
	MOVQ lines_len+8(FP), R8
	MOVQ from+24(FP), R9
	MOVQ delimiters_base+32(FP), DX
	MOVQ delimiters_len+40(FP), R10
	MOVQ patterns_base+56(FP), DI
	MOVQ patterns_len+64(FP), R11
	SUBQ $16, R8
	SHLQ $2, R10
	SHLQ $2, R11
	LEAQ (DI)(R11*8), DI // behind the patterns
	MOVQ R9, AX

line:
	CMPQ R10, R11
	JLT  end
	SUBQ R11, R10
	ADDQ R11, DX          // behind the line's delimiters
	MOVL -8(DX), CX       // where the last pattern begins
	CMPQ CX, R8
	JGT  end
	VPXOR X3, X3, X3
	MOVQ R11, CX
	NEGQ CX

literal:
	VMOVDQU (SI)(AX*1), X0
	VPXOR (DI)(CX*8), X0, X0
	VPAND 16(DI)(CX*8), X0, X0
	VPOR X0, X3, X3
	MOVL (DX)(CX*1), AX
	ADDQ $4, CX
	JNE  literal

	VPTEST X3, X3
	JNE  end
	CMPB (SI)(AX*1), $'\n'
	JNE  end
	INCQ AX
	MOVQ AX, R9
	JMP  line

end:
	MOVQ R9, end+80(FP)
	RET

// func spacesByVector(to *uint32, b *byte, from uint32) int
TEXT ·spacesByVector(SB), NOSPLIT, $0-32
	MOVQ to+0(FP), DI
	MOVQ b+8(FP), SI
	MOVL from+16(FP), R9
	MOVQ DI, R8
	LEAQ (4*13)(DI), DX   // where there are enough
	MOVL $0x20, AX
	MOVQ AX, X15
	VPBROADCASTB X15, Y15
	MOVL $4, BX

head:
	VPCMPEQB (SI), Y15, Y0
	VPCMPEQB 32(SI), Y15, Y1
	VPMOVMSKB Y0, AX
	VPMOVMSKB Y1, CX
	SHLQ $32, CX
	ORQ  CX, AX
	PLACES(write)
	CMPQ DI, DX
	JGE  enough
	ADDQ $64, SI
	ADDL $64, R9
	DECL BX
	JNE  head

enough:
	VZEROUPPER
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, ret+24(FP)
	RET
