#pragma once

#include <cstddef>
#include <string>

namespace orch {

// `length` characters of [a-z0-9] from the kernel's random generator, without bias.
std::string RandomId(size_t length);

// A random (version 4) UUID in its 36-character form, from the kernel's random generator.
std::string RandomUuid();

}  // namespace orch
