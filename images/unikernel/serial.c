// The first serial port, a 16550 at 115200 baud.

#include "serial.h"

#include "ports.h"

#define COM1 0x3f8
#define DATA (COM1 + 0)
#define DIVISOR_LOW (COM1 + 0)
#define INTERRUPT_ENABLE (COM1 + 1)
#define DIVISOR_HIGH (COM1 + 1)
#define FIFO_CONTROL (COM1 + 2)
#define LINE_CONTROL (COM1 + 3)
#define MODEM_CONTROL (COM1 + 4)
#define LINE_STATUS (COM1 + 5)

#define LINE_8N1 0x03
#define LINE_DIVISOR 0x80
#define FIFO_CLEARED 0x07
#define MODEM_READY 0x03
#define TRANSMITTER_EMPTY 0x20
// A port that takes nothing for so long loses the character; the count must go on.
#define MAX_POLLS 100000

void serial_start(void) {
  write_port(INTERRUPT_ENABLE, 0);
  write_port(LINE_CONTROL, LINE_DIVISOR);
  write_port(DIVISOR_LOW, 1);
  write_port(DIVISOR_HIGH, 0);
  write_port(LINE_CONTROL, LINE_8N1);
  write_port(FIFO_CONTROL, FIFO_CLEARED);
  write_port(MODEM_CONTROL, MODEM_READY);
}

static void write_character(char character) {
  for (unsigned poll = 0; poll < MAX_POLLS; ++poll) {
    if (read_port(LINE_STATUS) & TRANSMITTER_EMPTY) {
      write_port(DATA, (uint8_t)character);
      return;
    }
  }
}

void serial_write(const char* text) {
  for (; *text != '\0'; ++text) {
    if (*text == '\n') write_character('\r');
    write_character(*text);
  }
}

void serial_write_number(uint64_t number) {
  char digits[21];
  char* first = digits + sizeof digits - 1;
  *first = '\0';
  do {
    *--first = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  serial_write(first);
}
