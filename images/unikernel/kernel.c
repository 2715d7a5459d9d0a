// A single-purpose kernel: says READY on the first serial port and then counts there, ten times a
// second. It stands for every guest without an agent. The count is in memory, so whoever reads the
// console of a copy, or of a machine that was saved and loaded, sees it go on and not start again.

#include <stdint.h>

#include "ports.h"
#include "serial.h"

// Ticks of the timer until the count goes up by one.
#define TICKS_PER_COUNT 10

#define DATA_MASTER_PIC 0x21
#define COMMAND_MASTER_PIC 0x20
#define DATA_SLAVE_PIC 0xa1
#define COMMAND_SLAVE_PIC 0xa0
#define PIC_INITIALIZE 0x11
#define PIC_8086 0x01
#define PIC_SLAVE_ON_LINE_2 0x04
#define PIC_IDENTITY_2 0x02
#define PIC_END_OF_INTERRUPT 0x20
#define PIC_TIMER_ALONE 0xfe
#define PIC_NOTHING 0xff

#define PIT_CHANNEL_0 0x40
#define PIT_COMMAND 0x43
// Channel 0, both bytes, rate generator.
#define PIT_MODE 0x34
// Of 1193182 Hz: 100 ticks a second.
#define PIT_DIVISOR 11932

#define CODE_SEGMENT 0x08
#define INTERRUPT_GATE 0x8e
#define EXCEPTIONS 32
#define TIMER_VECTOR 32
// Behind the 16 lines of the controllers.
#define VECTORS 48

struct gate {
  uint16_t offset_low;
  uint16_t segment;
  uint8_t stack;
  uint8_t type;
  uint16_t offset_middle;
  uint32_t offset_high;
  uint32_t reserved;
} __attribute__((packed));

struct table_pointer {
  uint16_t limit;
  uint64_t base;
} __attribute__((packed));

// In start.S.
extern void timer_entry(void);
extern void fault_entry(void);
extern void spurious_entry(void);

static struct gate gates[VECTORS];
static volatile uint64_t ticks;

static void set_gate(unsigned vector, void (*entry)(void)) {
  const uint64_t offset = (uint64_t)entry;
  gates[vector] = (struct gate){.offset_low = (uint16_t)offset,
                                .segment = CODE_SEGMENT,
                                .type = INTERRUPT_GATE,
                                .offset_middle = (uint16_t)(offset >> 16),
                                .offset_high = (uint32_t)(offset >> 32)};
}

static void interrupts_start(void) {
  for (unsigned vector = 0; vector < EXCEPTIONS; ++vector) set_gate(vector, fault_entry);
  for (unsigned vector = EXCEPTIONS; vector < VECTORS; ++vector) set_gate(vector, spurious_entry);
  set_gate(TIMER_VECTOR, timer_entry);
  const struct table_pointer pointer = {.limit = sizeof gates - 1, .base = (uint64_t)gates};
  __asm__ volatile("lidt %0" : : "m"(pointer));

  // Both interrupt controllers from scratch, with vectors behind those of the exceptions.
  write_port(COMMAND_MASTER_PIC, PIC_INITIALIZE);
  write_port(COMMAND_SLAVE_PIC, PIC_INITIALIZE);
  write_port(DATA_MASTER_PIC, TIMER_VECTOR);
  write_port(DATA_SLAVE_PIC, TIMER_VECTOR + 8);
  write_port(DATA_MASTER_PIC, PIC_SLAVE_ON_LINE_2);
  write_port(DATA_SLAVE_PIC, PIC_IDENTITY_2);
  write_port(DATA_MASTER_PIC, PIC_8086);
  write_port(DATA_SLAVE_PIC, PIC_8086);
  write_port(DATA_MASTER_PIC, PIC_TIMER_ALONE);
  write_port(DATA_SLAVE_PIC, PIC_NOTHING);

  write_port(PIT_COMMAND, PIT_MODE);
  write_port(PIT_CHANNEL_0, PIT_DIVISOR & 0xff);
  write_port(PIT_CHANNEL_0, PIT_DIVISOR >> 8);
  __asm__ volatile("sti");
}

void timer_tick(void) {
  ++ticks;
  write_port(COMMAND_MASTER_PIC, PIC_END_OF_INTERRUPT);
}

void fault(void) {
  serial_write("FAULT\n");
  for (;;) __asm__ volatile("cli; hlt");
}

void kernel_main(void) {
  serial_start();
  interrupts_start();
  serial_write("READY\n");
  uint64_t count = 0;
  for (;;) {
    const uint64_t next = ticks + TICKS_PER_COUNT;
    while (ticks < next) __asm__ volatile("hlt");
    ++count;
    serial_write("count ");
    serial_write_number(count);
    serial_write("\n");
  }
}
