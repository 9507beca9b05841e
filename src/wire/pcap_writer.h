// SPDX-License-Identifier: MIT
// Captures, written: classic pcap, and pcapng with several interfaces and comments.
#pragma once

#include "base/time.h"
#include "wire/input_file.h"
#include "wire/pcapng.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::wire {

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

/// A pcapng file of one section.
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

    output_file file_;
    std::uint32_t interface_count_ = 0;
    std::vector<std::uint8_t> block_;
};

} // namespace landfall::wire
