// SPDX-License-Identifier: MIT
// Captures, written: classic pcap, and pcapng with several interfaces and comments.
#pragma once

#include "base/time.h"
#include "wire/input_file.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::wire {

/// Link types of what we write (tcpdump.org/linktypes.html).
namespace link_number {
inline constexpr std::uint16_t ethernet = 1;
inline constexpr std::uint16_t raw_ip = 101;
inline constexpr std::uint16_t transfer_frames = 147; ///< USER0
inline constexpr std::uint16_t space_packets = 148;   ///< USER1
} // namespace link_number

/// pcap with nanosecond timestamps (draft-ietf-opsawg-pcap), big-endian.
class pcap_writer {
  public:
    static base::result<pcap_writer> create(const std::string& path,
                                            std::uint16_t link = link_number::ethernet);
    base::result<void> write(const base::timestamp& time, base::octets packet);
    base::result<void> close() { return file_.close(); }

  private:
    explicit pcap_writer(output_file file) : file_(std::move(file)) {}

    output_file file_;
    std::vector<std::uint8_t> buffer_;
};

/// pcapng (draft-ietf-opsawg-pcapng), one section, big-endian, nanosecond timestamps.
class pcapng_writer {
  public:
    static base::result<pcapng_writer> create(const std::string& path);

    /// A new interface; its number is for `write`. At any time.
    base::result<std::uint32_t> add_interface(std::string_view name, std::uint16_t link);
    base::result<void> write(std::uint32_t interface_number, const base::timestamp& time,
                             base::octets packet, std::string_view comment = {});
    base::result<void> close() { return file_.close(); }

  private:
    explicit pcapng_writer(output_file file) : file_(std::move(file)) {}

    void begin_block(std::uint32_t type);
    void option(std::uint16_t code, base::octets value);
    void option(std::uint16_t code, std::string_view text);
    void pad();
    base::result<void> end_block();

    output_file file_;
    std::uint32_t interface_count_ = 0;
    std::vector<std::uint8_t> block_;
};

} // namespace landfall::wire
