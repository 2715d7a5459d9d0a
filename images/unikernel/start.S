# From the PVH entry of a virtual machine monitor to kernel_main() in 64-bit mode.
#
# PVH (the direct boot protocol that QEMU speaks with -kernel and an ELF file) enters in 32-bit protected mode without
# paging, with flat segments and interrupts off, at the address that the note below names.

.set PAGE_PRESENT_WRITABLE, 0x3
.set PAGE_LARGE, 0x80
.set CR0_PE_PG, 0x80000001
.set CR4_PAE, 0x20
.set MSR_EFER, 0xc0000080
.set EFER_LME, 0x100
.set CODE_SEGMENT, 0x08
.set DATA_SEGMENT, 0x10

# XEN_ELFNOTE_PHYS32_ENTRY, see include/xen/interface/elfnote.h of Linux. In a 64-bit file its value has 8 bytes.
.section .note.pvh, "a", @note
.balign 4
    .long 2f - 1f
    .long 4f - 3f
    .long 18
1:  .asciz "Xen"
2:  .balign 4
3:  .quad pvh_start
4:  .balign 4

.section .text.start, "ax"
.code32
.globl pvh_start
pvh_start:
    cld
    movl $bss_start, %edi
    movl $bss_end, %ecx
    subl %edi, %ecx
    xorl %eax, %eax
    rep stosb
    movl $stack_top, %esp
    # One table of each level maps the first GiB to itself, in pages of 2 MiB.
    movl $page_directories, %eax
    orl $PAGE_PRESENT_WRITABLE, %eax
    movl %eax, page_map
    movl $page_directory, %eax
    orl $PAGE_PRESENT_WRITABLE, %eax
    movl %eax, page_directories
    xorl %ecx, %ecx
    movl $(PAGE_PRESENT_WRITABLE | PAGE_LARGE), %eax
1:  movl %eax, page_directory(, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $512, %ecx
    jne 1b

    movl $page_map, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $CR4_PAE, %eax
    movl %eax, %cr4
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_LME, %eax
    wrmsr
    movl %cr0, %eax
    orl $CR0_PE_PG, %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $CODE_SEGMENT, $start64

.code64
start64:
    movl $DATA_SEGMENT, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %ebp, %ebp
    call kernel_main
1:  hlt
    jmp 1b

# Called by the processor on each tick of the timer.
.globl timer_entry
timer_entry:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    cld
    call timer_tick
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    iretq

# For interrupts that the controllers make up when a line falls back too early.
.globl spurious_entry
spurious_entry:
    iretq

# For every exception: there is nobody who could repair one.
.globl fault_entry
fault_entry:
    andq $-16, %rsp
    call fault

.section .rodata
.balign 8
gdt:
    .quad 0
    .quad 0x00af9b000000ffff  # 64-bit code
    .quad 0x00cf93000000ffff  # data
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt

.section .bss
.balign 4096
page_map: .skip 4096
page_directories: .skip 4096
page_directory: .skip 4096
    .skip 16384
stack_top:

.section .note.GNU-stack, "", @progbits
