// SPDX-License-Identifier: MIT
// Writes a SigMF recording: NAME.sigmf-data as samples come, NAME.sigmf-meta at the end.
#pragma once

#include "wire/input_file.h"
#include "wire/sigmf.h"

#include <span>
#include <string>

namespace landfall::wire {

class sigmf_writer {
  public:
    /// `base_name` is the common name, with or without one of the endings. The datatype is one
    /// of the complex ones.
    static base::result<sigmf_writer> create(const std::string& base_name,
                                             const sigmf_metadata& metadata);

    base::result<void> write(std::span<const base::cf32> samples);
    /// Writes the metadata. Without it the recording is not complete.
    base::result<void> close();

  private:
    sigmf_writer(std::string base_name, sigmf_metadata metadata, output_file data)
        : base_name_(std::move(base_name)), metadata_(std::move(metadata)), data_(std::move(data)) {
    }

    std::string base_name_;
    sigmf_metadata metadata_;
    output_file data_;
    std::vector<std::uint8_t> buffer_;
};

} // namespace landfall::wire
