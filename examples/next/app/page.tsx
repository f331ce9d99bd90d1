export default function Page() {
  return <a href="/auth/password-reset/">The application</a>
}
