// SPDX-License-Identifier: MIT
// One carrier of an offline run: its chain, its files, its place in the report.
#pragma once

#include "app/delivery_files.h"
#include "app/receive_chain.h"
#include "base/error.h"
#include "wire/iq_block.h"

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace landfall::app {

class carrier_run {
  public:
    carrier_run(std::string name, const chain_config& config)
        : name_(std::move(name)), chain_(config) {}

    base::result<void> open_files(const std::filesystem::path& frames,
                                  const std::filesystem::path& packets);

    base::result<void> push(const wire::iq_block& block);
    base::result<void> push_soft(std::span<const std::int8_t> soft);
    base::result<void> push_frame(base::octets frame);
    base::result<void> finish();

    void set_counters(const wire::iq_counters& counters) { counters_ = counters; }
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    [[nodiscard]] const receive_chain& chain() const noexcept { return chain_; }

    /// The carrier's entry in the JSON report.
    [[nodiscard]] nlohmann::ordered_json report() const;
    /// The same for a person, several lines.
    [[nodiscard]] std::string summary() const;

  private:
    /// Calls `run(sinks)` with sinks that write the files, and returns what went wrong there.
    template <class Run>
    base::result<void> deliver(Run&& run);

    std::string name_;
    receive_chain chain_;
    std::optional<frame_files> frames_;
    std::optional<packet_files> packets_;
    wire::iq_counters counters_;
};

} // namespace landfall::app
