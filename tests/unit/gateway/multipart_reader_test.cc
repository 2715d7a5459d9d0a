#include "orchestrator/gateway/http/multipart_reader.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "tests/support/status_matchers.h"

namespace orch::gateway {
namespace {

using ::orch::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kType[] = "multipart/form-data; boundary=\"b\"";

std::string Part(const std::string& name, const std::string& contents) {
  return absl::StrCat("--b\r\nContent-Disposition: form-data; name=\"", name, "\"\r\n\r\n",
                      contents, "\r\n");
}

// The parts of `form` as "name=contents;", fed `step` bytes at a time; or the error.
std::string Read(const std::string& form, size_t step = 1) {
  MultipartReader reader = MultipartReader::Create(kType).value();
  std::string parts;
  size_t fed = 0;
  while (true) {
    const absl::StatusOr<MultipartReader::Event> event = reader.Next();
    if (!event.ok()) return event.status().ToString();
    switch (event->kind) {
      case MultipartReader::Event::kMore:
        if (fed == form.size()) reader.FeedEnd();
        reader.Feed(form.substr(fed, step));
        fed = std::min(form.size(), fed + step);
        break;
      case MultipartReader::Event::kPart:
        parts += event->text + "=";
        break;
      case MultipartReader::Event::kData:
        parts += event->text;
        break;
      case MultipartReader::Event::kPartEnd:
        parts += ";";
        break;
      case MultipartReader::Event::kDone:
        return parts;
    }
  }
}

TEST(MultipartReaderTest, ReadsPartsInPiecesOfAnySize) {
  const std::string form =
      "preamble\r\n" + Part("files[0][file]", "a\r\n--\r\n-b") + Part("empty", "") + "--b--\r\nx";
  for (size_t step : {1, 2, 3, 7, 1000}) {
    EXPECT_EQ(Read(form, step), "files[0][file]=a\r\n--\r\n-b;empty=;") << step;
  }
}

TEST(MultipartReaderTest, TakesNamesAsClientsWriteThem) {
  EXPECT_EQ(Read("--b \r\nX: y\r\ncontent-disposition: form-data; filename=\"a;name=z\"; "
                 "name=\"q\\\"r\"\r\nContent-Type: text/plain\r\n\r\n1\r\n--b\r\n"
                 "Content-Disposition: form-data; name=plain\r\n\r\n2\r\n--b--"),
            "q\"r=1;plain=2;");
}

TEST(MultipartReaderTest, RefusesWhatEndsEarly) {
  const std::string form = Part("a", "x") + "--b--";
  for (size_t size = 0; size < form.size(); ++size) {
    EXPECT_THAT(Read(form.substr(0, size)), HasSubstr("INVALID_ARGUMENT")) << size;
  }
}

TEST(MultipartReaderTest, RefusesPartsWithoutAName) {
  EXPECT_THAT(Read("--b\r\n\r\nx\r\n--b--"), HasSubstr("no name"));
  EXPECT_THAT(Read("--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--"),
              HasSubstr("no name"));
  EXPECT_THAT(Read(Part(std::string(257, 'n'), "") + "--b--"), HasSubstr("no name"));
}

TEST(MultipartReaderTest, BoundsHeadersAndParts) {
  EXPECT_THAT(Read("--b\r\nX: " + std::string(9000, 'x')), HasSubstr("too many headers"));
  std::string form;
  for (int i = 0; i < 1025; ++i) form += Part("a", "");
  EXPECT_THAT(Read(form + "--b--", 1000), HasSubstr("more than 1024 parts"));
}

TEST(MultipartReaderTest, RefusesADelimiterThatGoesOn) {
  EXPECT_THAT(Read("--bc\r\n\r\n"), HasSubstr("delimiter"));
}

TEST(MultipartReaderTest, WantsABoundary) {
  for (const char* type : {"", "multipart/form-data", "multipart/form-data; boundary=",
                           "multipart/mixed; boundary=b", "application/json; boundary=b"}) {
    EXPECT_THAT(MultipartReader::Create(type), StatusIs(absl::StatusCode::kInvalidArgument))
        << type;
  }
}

}  // namespace
}  // namespace orch::gateway
