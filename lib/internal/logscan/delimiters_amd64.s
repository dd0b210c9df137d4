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

// func linesMatchByVector(lines []byte, from int, delimiters []uint32, words, masks []pattern, stops []uint32) (end int)
TEXT ·linesMatchByVector(SB), NOSPLIT, $0-136
	MOVQ lines_base+0(FP), SI
	MOVQ from+24(FP), R9
	MOVQ delimiters_base+32(FP), DX
	MOVQ delimiters_len+40(FP), R10
	MOVQ words_base+56(FP), DI
	MOVQ masks_base+80(FP), R13
	MOVQ stops_base+104(FP), R12
	MOVQ stops_len+112(FP), R11
	SHLQ $2, R11
	ADDQ R11, R12         // behind the stops
	LEAQ (DI)(R11*8), DI  // behind the words
	LEAQ (R13)(R11*8), R13
	NEGQ R11
	MOVL -4(R12), R8      // delimiters of a line
	SUBQ $4, DX           // they are counted from 1

line:
	SUBQ R8, R10
	JLT  end
	MOVQ R9, AX
	MOVQ R11, CX
	VPXOR X3, X3, X3

literal:
	VMOVDQU (SI)(AX*1), Y0
	VPXOR (DI)(CX*8), Y0, Y0
	VPAND (R13)(CX*8), Y0, Y0
	VPOR Y0, Y3, Y3
	MOVL (R12)(CX*1), BX
	MOVL (DX)(BX*4), AX
	ADDQ $4, CX
	JNE  literal

	VPTEST Y3, Y3
	JNE  end
	CMPB (SI)(AX*1), $'\n'
	JNE  end
	LEAQ 1(AX), R9
	LEAQ (DX)(R8*4), DX
	JMP  line

end:
	VZEROUPPER
	MOVQ R9, end+128(FP)
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
	VMOVDQU Y15, Y14      // the least of all bytes, and a space
	MOVL $4, BX

head:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y1
	VPMINUB Y0, Y14, Y14
	VPMINUB Y1, Y14, Y14
	VPCMPEQB Y0, Y15, Y0
	VPCMPEQB Y1, Y15, Y1
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
	VPCMPEQB Y14, Y15, Y14
	VPMOVMSKB Y14, AX
	CMPL AX, $-1
	CMOVQNE R8, DI        // a control byte is there
	VZEROUPPER
	SUBQ R8, DI
	SHRQ $2, DI
	MOVQ DI, ret+24(FP)
	RET
