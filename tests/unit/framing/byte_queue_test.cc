#include "orchestrator/framing/byte_queue.h"

#include "gtest/gtest.h"

namespace orch {
namespace {

TEST(ByteQueueTest, GivesBytesInOrderWhenTakenInPieces) {
  ByteQueue queue;
  queue.Append("hello ");
  queue.Append("world");
  queue.Take(4);
  EXPECT_EQ(queue.front(), "o world");
  queue.Append("!");
  queue.Take(3);
  EXPECT_EQ(queue.front(), "orld!");
  queue.Take(5);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace orch
