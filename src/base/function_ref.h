// SPDX-License-Identifier: MIT
// A reference to a callable: how batches are handed on without allocation or inheritance.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace landfall::base {

template <class Signature>
class function_ref;

/// Does not own what it refers to: use it for parameters only.
template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
  public:
    template <class Callable>
        requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref>)
    function_ref(Callable&& callable) noexcept // NOLINT(*-forwarding-*,*-explicit-*): a reference
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
          call_([](void* object, Arguments... arguments) -> Result {
              return (*static_cast<std::remove_reference_t<Callable>*>(object))(
                  std::forward<Arguments>(arguments)...);
          }) {}

    Result operator()(Arguments... arguments) const {
        return call_(object_, std::forward<Arguments>(arguments)...);
    }

  private:
    void* object_;
    Result (*call_)(void*, Arguments...);
};

} // namespace landfall::base
