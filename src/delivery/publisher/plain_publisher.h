// SPDX-License-Identifier: MIT
// What the C client does by itself, with as many messages in flight: the reference of bench.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace landfall::delivery::publisher {

class plain_publisher {
  public:
    /// Connected or not: see `connected`.
    plain_publisher(const std::string& url, std::size_t most_in_flight);
    ~plain_publisher();
    plain_publisher(const plain_publisher&) = delete;
    plain_publisher& operator=(const plain_publisher&) = delete;

    [[nodiscard]] bool connected() const noexcept;
    /// Waits for room.
    [[nodiscard]] bool publish(const std::string& subject, const std::string& identity,
                               std::span<const std::uint8_t> content);
    /// Waits until everything is acknowledged.
    [[nodiscard]] bool complete();

  private:
    struct link;
    std::unique_ptr<link> link_;
};

} // namespace landfall::delivery::publisher
