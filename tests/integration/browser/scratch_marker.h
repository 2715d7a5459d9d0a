#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace orch::testing {

// What a guest wrote to its scratch disk, at a place in the file where nothing else is.
inline constexpr int kScratchMarkerOffset = 1 << 20;

inline void WriteScratchMarker(const std::string& disk, const std::string& text) {
  std::fstream file(disk, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(kScratchMarkerOffset);
  file << text << '\n';
}

// Empty when nothing was written.
inline std::string ReadScratchMarker(const std::string& disk) {
  std::ifstream file(disk, std::ios::binary);
  if (!file.is_open()) return "(there is no " + disk + ")";
  file.seekg(kScratchMarkerOffset);
  std::string text;
  std::getline(file, text);
  return text;
}

}  // namespace orch::testing
