// What screenshots are made of, with the decoders of the same libraries.
// jpeglib.h needs cstdio before it.
// clang-format off
#include <cstdio>
#include <jpeglib.h>
// clang-format on
#include <webp/decode.h>

#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "orchestrator/agent/computer/jpeg_encoder.h"
#include "orchestrator/agent/computer/scale_image.h"
#include "orchestrator/agent/computer/webp_encoder.h"
#include "tests/support/status_matchers.h"

namespace orch::agent {
namespace {

using ::orch::testing::StatusIs;
using ::testing::ElementsAre;

// Blue on the left, red on the right.
class ImageEncodersTest : public ::testing::Test {
 protected:
  static constexpr uint32_t kWidth = 64;
  static constexpr uint32_t kHeight = 32;

  ImageEncodersTest() {
    for (uint32_t y = 0; y < kHeight; ++y) {
      for (uint32_t x = 0; x < kWidth; ++x) {
        const bool left = x < kWidth / 2;
        pixels_.insert(pixels_.end(), {uint8_t(left ? 255 : 0), 0, uint8_t(left ? 0 : 255), 0});
      }
    }
  }

  BgrxImage image() const { return {pixels_.data(), kWidth, kHeight, kWidth * 4}; }

  std::vector<uint8_t> pixels_;
};

TEST_F(ImageEncodersTest, WritesJpegInTheRightColours) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string file, EncodeJpeg(image(), 90));
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors;
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, reinterpret_cast<const uint8_t*>(file.data()), file.size());
  ASSERT_EQ(jpeg_read_header(&jpeg, TRUE), JPEG_HEADER_OK);
  jpeg_start_decompress(&jpeg);
  ASSERT_EQ(jpeg.output_width, kWidth);
  ASSERT_EQ(jpeg.output_height, kHeight);
  std::vector<uint8_t> row(kWidth * 3);
  JSAMPROW pointer = row.data();
  jpeg_read_scanlines(&jpeg, &pointer, 1);
  EXPECT_GT(row[2], 200);
  EXPECT_LT(row[0], 60);
  EXPECT_GT(row[kWidth * 3 - 3], 200);
  jpeg_destroy_decompress(&jpeg);
}

TEST_F(ImageEncodersTest, WritesWebpInTheRightColours) {
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string file, EncodeWebp(image(), 90));
  int width = 0;
  int height = 0;
  uint8_t* rgb =
      WebPDecodeRGB(reinterpret_cast<const uint8_t*>(file.data()), file.size(), &width, &height);
  ASSERT_NE(rgb, nullptr);
  EXPECT_EQ(width, static_cast<int>(kWidth));
  EXPECT_EQ(height, static_cast<int>(kHeight));
  EXPECT_GT(rgb[2], 200);
  EXPECT_GT(rgb[kWidth * 3 - 3], 200);
  WebPFree(rgb);
}

TEST_F(ImageEncodersTest, GetsSmallerWithLessQuality) {
  for (size_t i = 0; i < pixels_.size(); ++i) pixels_[i] = static_cast<uint8_t>(i * i * 31 >> 3);
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string good, EncodeJpeg(image(), 95));
  ORCH_ASSERT_OK_AND_ASSIGN(const std::string poor, EncodeJpeg(image(), 5));
  EXPECT_LT(poor.size(), good.size());
}

TEST_F(ImageEncodersTest, RefusesSidesThatTheFormatDoesNotKnow) {
  const std::vector<uint8_t> row(70'000 * 4);
  const BgrxImage wide = {row.data(), 70'000, 1, row.size()};
  EXPECT_THAT(EncodeJpeg(wide, 80), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(EncodeWebp(wide, 80), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ScaleImageTest, AveragesThePixels) {
  const std::vector<uint8_t> pixels = {0, 10, 20, 0, 100, 30, 20, 0, 50, 0, 0, 0, 150, 0, 0, 0};
  const BgrxImage image = {pixels.data(), 2, 2, 8};
  EXPECT_THAT(ScaleDown(image, 1, 1), ElementsAre(75, 10, 10, 0));
  EXPECT_THAT(ScaleDown(image, 2, 1), ElementsAre(25, 5, 10, 0, 125, 15, 10, 0));
  EXPECT_EQ(ScaleDown(image, 2, 2), pixels);
}

}  // namespace
}  // namespace orch::agent
