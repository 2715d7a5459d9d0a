// The first serial port. What it does not take in time is lost.
#pragma once

#include <stdint.h>

void serial_start(void);

// '\n' becomes a line's end as terminals want it.
void serial_write(const char* text);

// In decimal.
void serial_write_number(uint64_t number);
